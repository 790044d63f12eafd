import { useMutation } from "@tanstack/react-query";
import { Monitor } from "lucide-react";
import { problem } from "@/api/errors";
import { deleteAuthSessionsBySession, type SessionOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { ago, country, date } from "@/lib/format";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useRefetch } from "./api";

export function SessionRow({ session }: { session: SessionOut }) {
  const refetch = useRefetch();
  const ending = useMutation({
    mutationFn: () => deleteAuthSessionsBySession({ path: { session: session.id } }),
    onSuccess: async () => {
      toast(text.sessions.ended);
      await refetch.sessions();
    },
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  const place = [session.city, session.country && country(session.country)].filter(Boolean).join(", ");
  return (
    <li className="flex items-center gap-3 py-3">
      <Monitor aria-hidden size={20} className="text-muted shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium break-words">
          {session.device}
          {session.current && <Badge kind="accent">{text.sessions.current}</Badge>}
        </p>
        <p className="text-muted text-xs">
          {place || text.sessions.unknownPlace} · {text.sessions.since(date(session.created_at))} · {text.sessions.used(ago(session.last_used_at))}
        </p>
      </div>
      {!session.current && (
        <Button
          size="small"
          aria-label={text.sessions.endLabel(session.device)}
          busy={ending.isPending}
          onClick={() => {
            ending.mutate();
          }}
        >
          {text.sessions.end}
        </Button>
      )}
    </li>
  );
}
