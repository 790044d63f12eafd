import type { TagOut } from "@/api/generated";
import { Confirm } from "@/components/Confirm";
import { toast } from "@/lib/toast";
import { tags as text } from "@/text/tags";
import { useRemoveTag } from "./api";

/** A tag that is gone can't be brought back: which links had it is forgotten. */
export function RemoveTag({ tag, onClose }: { tag: TagOut; onClose: () => void }) {
  const remove = useRemoveTag();
  return (
    <Confirm
      title={text.removeTitle(tag.name)}
      action={text.remove}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync(tag);
        toast(text.removed);
      }}
    >
      {text.removeHint(tag.links)}
    </Confirm>
  );
}
