import { useState } from "react";
import { deleteAuthSessions } from "@/api/generated";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Failed } from "@/components/Failed";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useRefetch, useSessions } from "./api";
import { Section } from "./Section";
import { SessionRow } from "./SessionRow";

export function Sessions() {
  const { data, error, refetch: retry } = useSessions();
  const refetch = useRefetch();
  const [asking, setAsking] = useState(false);
  return (
    <Section
      title={text.sessions.title}
      hint={text.sessions.hint}
      action={
        data &&
        data.items.length > 1 && (
          <Button
            onClick={() => {
              setAsking(true);
            }}
          >
            {text.sessions.endOthers}
          </Button>
        )
      }
    >
      {error && <Failed error={error} reset={() => void retry()} />}
      {!data && !error && <div className="skeleton h-24" />}
      {data && (
        <ul className="divide-line divide-y">
          {data.items.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </ul>
      )}
      {asking && (
        <Confirm
          title={text.sessions.endOthersTitle}
          action={text.sessions.endOthers}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={async () => {
            await deleteAuthSessions();
            toast(text.sessions.endedOthers);
            await refetch.sessions();
          }}
        >
          <p>{text.sessions.endOthersHint}</p>
        </Confirm>
      )}
    </Section>
  );
}
