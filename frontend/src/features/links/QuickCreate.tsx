import { Link2 } from "lucide-react";
import { type SyntheticEvent, useId, useRef, useState } from "react";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { copyLater } from "@/lib/copy";
import { bare } from "@/lib/format";
import { toast } from "@/lib/toast";
import { unique } from "@/lib/unique";
import { links as text } from "@/text/links";
import { useCreateLink } from "./api";
import { address } from "./target";

/** One paste and one key: the link is in the list, and on the clipboard. */
export function QuickCreate({ large = false }: { large?: boolean }) {
  const create = useCreateLink();
  const id = useId();
  const [target, setTarget] = useState("");
  const [wrong, setWrong] = useState("");
  const key = useRef(unique());

  async function shorten(event: SyntheticEvent) {
    event.preventDefault();
    const wanted = address(target);
    if (!wanted) {
      setWrong(text.notAnAddress);
      return;
    }
    setWrong("");
    const made = create.mutateAsync({ draft: { target: wanted, fetch_title: true }, key: key.current });
    try {
      // What is refused is said once, by the call itself.
      const [copied, link] = await Promise.all([copyLater(made.then(({ short_url }) => short_url)).catch(() => false), made]);
      setTarget("");
      key.current = unique();
      toast((copied ? text.made : text.madeUncopied)(bare(link.short_url)));
    } catch (error) {
      const failed = problem(error);
      setWrong(failed.fields.target ?? failed.message);
    }
  }
  return (
    <form noValidate onSubmit={shorten} className={large ? "mx-auto w-full max-w-xl" : "mb-4"}>
      <div className="card focus-within:border-accent flex items-center gap-2 p-1.5 pl-3">
        <Link2 aria-hidden size={18} className="text-muted shrink-0" />
        <input
          value={target}
          onChange={(event) => {
            setTarget(event.target.value);
          }}
          type="url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          aria-label={text.paste}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={wrong ? id : undefined}
          placeholder={text.pasteHint}
          className={`placeholder:text-muted min-w-0 flex-1 bg-transparent outline-none ${large ? "h-11 text-base" : "h-9"}`}
        />
        <Button type="submit" look="primary" size={large ? "large" : "normal"} busy={create.isPending}>
          {text.shorten}
        </Button>
      </div>
      {wrong && (
        <p id={id} role="alert" className="text-danger mt-1.5 text-left">
          {wrong}
        </p>
      )}
    </form>
  );
}
