import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ShareMade } from "@/api/generated";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { copy } from "@/lib/copy";
import { analytics as text } from "@/text/analytics";
import { BarSkeleton } from "./BarSkeleton";
import { ShareForm } from "./ShareForm";
import { ShareRow } from "./ShareRow";
import { sharesOptions } from "./shares";

/** Who else can see a link's numbers: makes addresses for them, and ends these. */
export function ShareDialog({ link, onClose }: { link: number; onClose: () => void }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(sharesOptions(link));
  const [made, setMade] = useState<ShareMade>();
  const again = () => queries.invalidateQueries({ queryKey: sharesOptions(link).queryKey });

  async function take(share: ShareMade) {
    setMade(share);
    await Promise.all([copy(share.url), again()]);
  }
  return (
    <Dialog title={text.share.title} onClose={onClose}>
      <div className="space-y-5">
        <p className="text-muted">{text.share.hint}</p>
        <ShareForm link={link} onMade={take} />
        {made && (
          <Notice kind="good" action={<CopyButton value={made.url} label={text.share.copy} />}>
            <p>{text.share.made}</p>
            <p className="mt-1 font-medium break-all">{made.url}</p>
          </Notice>
        )}
        <section aria-labelledby="shares">
          <h3 id="shares" className="mb-1 font-medium">
            {text.share.list}
          </h3>
          {error && !data ? (
            <Failed error={error} reset={() => void refetch()} />
          ) : !data ? (
            <BarSkeleton rows={2} />
          ) : data.items.length === 0 ? (
            <p className="text-muted">{text.share.none}</p>
          ) : (
            <ul className="divide-line divide-y">
              {data.items.map((share) => (
                <ShareRow
                  key={share.id}
                  link={link}
                  share={share}
                  onRevoked={async () => {
                    if (made?.id === share.id) setMade(undefined);
                    await again();
                  }}
                />
              ))}
            </ul>
          )}
        </section>
      </div>
    </Dialog>
  );
}
