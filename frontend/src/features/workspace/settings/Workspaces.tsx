import { useMutation } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { postWorkspacesByWorkspaceIdRestore, type WorkspaceOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Listing } from "@/components/Listing";
import { number } from "@/lib/format";
import { toast } from "@/lib/toast";
import { members } from "@/text/members";
import { settings as text } from "@/text/settings";
import { useEnter, useWorkspaces } from "./api";

/** All workspaces that one is in, and those that one can bring back. */
export function Workspaces({ here, onMake }: { here: number; onMake: () => void }) {
  const list = useWorkspaces();
  return (
    <section aria-labelledby="workspaces">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <div className="min-w-0">
          <h2 id="workspaces" className="text-base font-semibold">
            {text.workspaces}
          </h2>
          <p className="text-muted">{text.workspacesHint}</p>
        </div>
        <Button onClick={onMake}>
          <Plus aria-hidden size={16} />
          {text.make}
        </Button>
      </div>
      <Listing query={list} items={list.data?.items} empty={null}>
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <Row key={item.id} item={item} here={item.id === here} />
            ))}
          </ul>
        )}
      </Listing>
    </section>
  );
}

function Row({ item, here }: { item: WorkspaceOut; here: boolean }) {
  const enter = useEnter();
  const restore = useMutation({
    mutationFn: () => postWorkspacesByWorkspaceIdRestore({ path: { workspace_id: item.id } }),
    onSuccess: async () => {
      toast(text.restored(item.name));
      await enter(item.id);
    },
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 p-4">
      <div className="min-w-0 flex-1 basis-48">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          <span className="min-w-0 break-words">{item.name}</span>
          <Badge>{members.role[item.role]}</Badge>
          {item.personal && <Badge>{text.personal}</Badge>}
          {item.deleted_at !== null && <Badge kind="danger">{text.deleted}</Badge>}
        </p>
        <p className="text-muted text-xs">{text.counts(number(item.members), number(item.links))}</p>
      </div>
      {here ? (
        <Badge kind="accent">{text.here}</Badge>
      ) : item.deleted_at === null ? (
        <Button size="small" aria-label={`${text.enter}: ${item.name}`} onClick={() => enter(item.id)}>
          {text.enter}
        </Button>
      ) : (
        <Button
          size="small"
          aria-label={`${text.restore}: ${item.name}`}
          busy={restore.isPending}
          onClick={() => {
            restore.mutate();
          }}
        >
          {text.restore}
        </Button>
      )}
    </li>
  );
}
