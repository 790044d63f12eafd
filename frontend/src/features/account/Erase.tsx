import { useState } from "react";
import { Button } from "@/components/Button";
import { account as text } from "@/text/account";
import { EraseDialog } from "./EraseDialog";
import { Section } from "./Section";

export function Erase() {
  const [asking, setAsking] = useState(false);
  return (
    <Section
      title={text.erase.title}
      hint={text.erase.hint}
      action={
        <Button
          look="danger"
          onClick={() => {
            setAsking(true);
          }}
        >
          {text.erase.start}
        </Button>
      }
    >
      {asking && (
        <EraseDialog
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </Section>
  );
}
