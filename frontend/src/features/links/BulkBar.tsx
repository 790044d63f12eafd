import { useQueryClient } from "@tanstack/react-query";
import { Archive, ArchiveRestore, Tag, Trash2, X } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import type { LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { IconButton } from "@/components/IconButton";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { components } from "@/text/components";
import { links as text } from "@/text/links";
import { changeMany, forget } from "./api";
import { remove } from "./removal";
import { tellRefused, useArchive } from "./useArchive";

/** What can be done with all that are selected. */
export function BulkBar({
  links,
  archived,
  onAll,
  onDone,
}: {
  links: readonly LinkOut[];
  archived: boolean;
  onAll: () => void;
  onDone: () => void;
}) {
  const archive = useArchive();
  const [tagging, setTagging] = useState(false);
  return (
    <div
      role="toolbar"
      aria-label={text.selected(links.length)}
      className="bg-card border-line-strong sticky bottom-3 z-20 mx-auto mt-4 flex w-fit max-w-full flex-wrap items-center gap-1.5 rounded-xl border p-1.5 pl-4 shadow-xl"
    >
      <span className="mr-2 font-medium tabular-nums" aria-live="polite">
        {text.selected(links.length)}
      </span>
      <Button size="small" look="quiet" onClick={onAll}>
        {text.selectAll}
      </Button>
      <Button size="small" onClick={() => { setTagging(true); }}>
        <Tag aria-hidden size={15} />
        {text.addTag}
      </Button>
      <Button
        size="small"
        onClick={() => {
          void archive(links, !archived);
          onDone();
        }}
      >
        {archived ? <ArchiveRestore aria-hidden size={15} /> : <Archive aria-hidden size={15} />}
        {archived ? text.unarchive : text.archive}
      </Button>
      <Button
        size="small"
        look="danger"
        onClick={() => {
          remove(links);
          onDone();
        }}
      >
        <Trash2 aria-hidden size={15} />
        {text.delete}
      </Button>
      <IconButton label={text.unselect} onClick={onDone}>
        <X size={17} />
      </IconButton>
      {tagging && (
        <TagDialog
          links={links}
          onClose={() => {
            setTagging(false);
          }}
        />
      )}
    </div>
  );
}

function TagDialog({ links, onClose }: { links: readonly LinkOut[]; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");

  async function add(event: SyntheticEvent) {
    event.preventDefault();
    const tag = name.trim();
    if (!tag) return;
    setBusy(true);
    try {
      // The whole list of tags is what is sent, so nobody may have changed it meanwhile.
      const refused = await changeMany(links, (link) => ({ tags: [...new Set([...link.tags, tag])], if_version: link.version }));
      tellRefused(refused);
      if (refused.length < links.length) toast(text.taggedDone(links.length - refused.length, tag));
      onClose();
    } catch (error) {
      setWrong(problem(error).message);
      setBusy(false);
    }
    await forget(queries);
  }
  return (
    <Dialog title={text.addTag} width="small" onClose={onClose}>
      <form noValidate onSubmit={add} className="space-y-4">
        <TextField
          label={text.tagName}
          value={name}
          maxLength={64}
          error={wrong}
          autoComplete="off"
          onChange={(event) => {
            setName(event.target.value);
          }}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{components.cancel}</Button>
          <Button type="submit" look="primary" busy={busy}>
            {text.add}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
