import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { problem } from "@/api/errors";
import { postLinksByLinkIdShares, type ShareMade } from "@/api/generated";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { analytics as text } from "@/text/analytics";
import { endOf, type Expiry } from "./shares";

/** For whom, and until when. What was typed stays where making it fails. */
export function ShareForm({ link, onMade }: { link: number; onMade: (share: ShareMade) => Promise<void> }) {
  const [name, setName] = useState("");
  const [expiry, setExpiry] = useState<Expiry>("month");
  const make = useMutation({
    mutationFn: async () => (await postLinksByLinkIdShares({ path: { link_id: link }, body: { name: name.trim() || null, expires_at: endOf(expiry, new Date()) } })).data,
    onSuccess: async (share) => {
      setName("");
      await onMade(share);
    },
  });
  const failed = make.error ? problem(make.error) : undefined;
  const wrong = failed?.fields ?? {};
  return (
    <form
      noValidate
      className="grid items-start gap-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]"
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <TextField label={text.share.name} hint={text.share.nameHint} maxLength={100} value={name} error={wrong.name} onChange={({ target }) => { setName(target.value); }} />
      <SelectField label={text.share.expires} value={expiry} error={wrong.expires_at} onChange={({ target }) => { setExpiry(target.value as Expiry); }}>
        {(["week", "month", "year"] as const).map((one) => (
          <option key={one} value={one}>
            {text.share.expiry[one]}
          </option>
        ))}
        <option value="never">{text.share.never}</option>
      </SelectField>
      <div className="space-y-3 sm:col-span-2">
        {failed && Object.keys(wrong).length === 0 && <Notice kind="danger">{failed.message}</Notice>}
        <Button type="submit" look="primary" busy={make.isPending}>
          {text.share.make}
        </Button>
      </div>
    </form>
  );
}
