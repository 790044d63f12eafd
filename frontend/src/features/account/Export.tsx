import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { bytes } from "@/lib/bytes";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { Section } from "./Section";
import { takeOut } from "./takeOut";

export function Export() {
  const [sofar, setSofar] = useState(0);
  const taking = useMutation({
    mutationFn: () => takeOut(setSofar),
    onSuccess: (parts) => toast(parts === 1 ? text.export.done : text.export.parts(parts)),
  });
  const start = () => {
    setSofar(0);
    taking.mutate();
  };
  return (
    <Section
      title={text.export.title}
      hint={text.export.hint}
      action={
        <Button busy={taking.isPending} onClick={start}>
          {text.export.start}
        </Button>
      }
    >
      {taking.isPending && sofar > 0 && (
        <p role="status" className="text-muted">
          {text.export.progress(bytes(sofar))}
        </p>
      )}
      {taking.error && <Failed error={taking.error} reset={start} />}
    </Section>
  );
}
