import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { deleteImportsByImportId, type GinnelImportsReadingImportOut as Import, postImportsByImportIdResume } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { number, percent } from "@/lib/format";
import { toast } from "@/lib/toast";
import { data as text } from "@/text/data";
import { importKeys, runs } from "./api";
import { FileField } from "./FileField";
import { Progress } from "./Progress";
import { Report } from "./Report";
import { begun } from "./sending";

const FIGURES = ["rows", "created", "updated", "skipped", "failed"] as const;

/** How far an import is and what came of it, with what can be done next. */
export function ImportState({ of, mayWrite, onGoOn, onBegin }: { of: Import; mayWrite: boolean; onGoOn: (file: File) => void; onBegin: (file: File | null) => void }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (go: "cancel" | "resume") => (go === "cancel" ? deleteImportsByImportId : postImportsByImportIdResume)({ path: { import_id: of.id } }),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => importKeys(queryKey) }),
  });
  const cancel = mayWrite && (
    <Button size="small" busy={change.isPending} onClick={() => { change.mutate("cancel"); }}>
      {text.cancel}
    </Button>
  );
  return (
    <div className="space-y-4">
      {of.state === "receiving" && <Interrupted of={of} onGoOn={onGoOn} cancel={cancel} />}
      {runs(of) && (
        <>
          <Progress label={of.state === "waiting" ? text.waiting : (of.dry_run ? text.checking : text.working)(percent(of.progress))} value={of.progress} />
          {cancel}
        </>
      )}
      {of.state === "cancelled" && (
        <Notice
          kind="warn"
          action={
            mayWrite && (
              <Button size="small" busy={change.isPending} onClick={() => { change.mutate("resume"); }}>
                {text.resume}
              </Button>
            )
          }
        >
          {text.cancelled}
        </Notice>
      )}
      {of.state === "done" && <Notice kind="good">{of.dry_run ? text.checked : text.done}</Notice>}
      {of.state !== "receiving" && (
        <dl className="grid grid-cols-2 gap-3 sm:grid-cols-5">
          {FIGURES.map((figure) => (
            <div key={figure} className="bg-raised rounded-lg p-3">
              <dt className="text-muted text-xs">{text.figures[figure]}</dt>
              <dd className="text-lg font-semibold tabular-nums">{number(of[figure])}</dd>
            </div>
          ))}
        </dl>
      )}
      {of.ignored.length > 0 && <p className="text-muted break-words">{text.ignored(of.ignored.join(", "))}</p>}
      {of.state === "done" && <Report of={of} />}
      {of.state === "done" && of.dry_run && mayWrite && of.created + of.updated > 0 && (
        <Button look="primary" onClick={() => { onBegin(null); }}>
          {text.begin}
        </Button>
      )}
    </div>
  );
}

function Interrupted({ of, onGoOn, cancel }: { of: Import; onGoOn: (file: File) => void; cancel: ReactNode }) {
  const [wrong, setWrong] = useState<string>();
  const before = begun(of.id);
  return (
    <>
      <Notice kind="warn" action={cancel}>
        {text.interrupted} {text.interruptedHint(before?.name ?? text.sameFile)}
      </Notice>
      <FileField
        error={wrong}
        onChoose={(file) => {
          if (!file) return;
          const other = before && (before.name !== file.name || before.size !== file.size);
          setWrong(other ? text.otherFile(before.name) : undefined);
          if (!other) onGoOn(file);
        }}
      />
    </>
  );
}
