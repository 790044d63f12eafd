import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useMay } from "@/api/may";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { percent } from "@/lib/format";
import { data as text } from "@/text/data";
import { importOptions } from "./api";
import { FileField } from "./FileField";
import { ImportForm } from "./ImportForm";
import { ImportState } from "./ImportState";
import { Progress } from "./Progress";
import { begun, type Wanted } from "./sending";
import { useSending } from "./useSending";

/** Check a file, then import it: sent in parts, worked off by the server, and followed whatever becomes of the page. */
export function ImportPanel({ id, onShow }: { id: number | undefined; onShow: (id: number | undefined) => void }) {
  const mayWrite = useMay("links:write");
  const queries = useQueryClient();
  const sending = useSending();
  const file = useRef<File>(undefined);
  const [asksFile, setAsksFile] = useState(false);
  const { data, error, refetch } = useQuery({ ...importOptions(id ?? 0), enabled: id !== undefined && sending.sent === null });

  function begin(chosen: File, wanted: Wanted, dryRun: boolean) {
    file.current = chosen;
    setAsksFile(false);
    void sending.begin(chosen, wanted, dryRun, onShow);
  }
  function inEarnest(chosen: File | null) {
    const same = chosen ?? file.current;
    if (!same || id === undefined) {
      setAsksFile(true);
      return;
    }
    void queries.invalidateQueries({ queryKey: ["links"] });
    begin(same, begun(id)?.wanted ?? {}, false);
  }
  if (!mayWrite && id === undefined) return <Notice>{text.mayNot}</Notice>;
  if (sending.sent !== null) return <Progress label={text.sending(percent(sending.sent))} value={sending.sent} />;
  if (id === undefined)
    return (
      <ImportForm
        error={sending.error}
        busy={false}
        onBegin={(chosen, wanted) => {
          begin(chosen, wanted, true);
        }}
      />
    );
  return (
    <div className="space-y-4">
      {sending.error && <Failed error={sending.error} />}
      {error && <Failed error={error} reset={() => void refetch()} />}
      {data && (
        <ImportState
          of={data}
          mayWrite={mayWrite}
          onBegin={inEarnest}
          onGoOn={(chosen) => {
            file.current = chosen;
            void sending.goOn(data.id, chosen);
          }}
        />
      )}
      {!data && !error && <div className="skeleton h-32" />}
      {asksFile && <FileField hint={text.chooseAgain} onChoose={inEarnest} />}
      <Button
        look="quiet"
        onClick={() => {
          onShow(undefined);
        }}
      >
        {text.another}
      </Button>
    </div>
  );
}
