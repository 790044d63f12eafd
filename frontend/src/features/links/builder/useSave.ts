import { useRef, useState } from "react";
import type { LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { useChangeLink, useCreateLink } from "@/features/links/api";
import { copyLater } from "@/lib/copy";
import { unique } from "@/lib/unique";
import { changes, drafted, type Fields } from "./fields";

export interface Failure {
  message: string;
  fields: Readonly<Record<string, string>>;
  /** Somebody else changed the link meanwhile. */
  conflict: boolean;
}

/** Send what the form says, and keep what the API found wrong with it. */
export function useSave() {
  const create = useCreateLink();
  const change = useChangeLink();
  const key = useRef(unique());
  const [failure, setFailure] = useState<Failure | null>(null);

  function failed(error: unknown): null {
    const { message, fields, status, code } = problem(error);
    setFailure({ message, fields: code === "slug_taken" ? { slug: message, ...fields } : fields, conflict: status === 412 });
    return null;
  }
  return {
    failure,
    busy: create.isPending || change.isPending,
    clear: () => {
      setFailure(null);
    },
    /** Make it, and put it on the clipboard within the same press of a key. */
    async make(fields: Fields, base: Fields, pageTitle: string | null | undefined): Promise<{ link: LinkOut; copied: boolean } | null> {
      setFailure(null);
      const made = create.mutateAsync({ draft: drafted(fields, base, pageTitle), key: key.current });
      try {
        const [copied, link] = await Promise.all([copyLater(made.then(({ short_url }) => short_url)).catch(() => false), made]);
        key.current = unique();
        return { link, copied };
      } catch (error) {
        // The same key with another draft would be refused; after no answer at all it must stay the same.
        if (!problem(error).passing) key.current = unique();
        return failed(error);
      }
    },
    async save(link: LinkOut, fields: Fields, base: Fields): Promise<LinkOut | null> {
      setFailure(null);
      try {
        return await change.mutateAsync({ link, fields: changes(fields, base) });
      } catch (error) {
        return failed(error);
      }
    },
  };
}
