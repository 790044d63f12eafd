import { useFormContext, useWatch } from "react-hook-form";
import type { LinkOut, Preview } from "@/api/generated";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { CardFields } from "./CardFields";
import { useFault } from "./faults";
import type { Fields } from "./fields";
import { PasswordFields } from "./PasswordFields";
import { RedirectFields } from "./RedirectFields";
import { RulesFields } from "./RulesFields";
import { Section } from "./Section";
import { SlugField } from "./SlugField";
import { TagsField } from "./TagsField";
import { TargetField } from "./TargetField";
import { TimeFields } from "./TimeFields";
import { UtmFields } from "./UtmFields";
import { VariantsFields } from "./VariantsFields";
import { PARTS, utm } from "./utm";

/** All that can be said of a link: the usual first, the rest folded. */
export function BuilderForm({ link, page, wrongTarget, defaultDomain }: { link: LinkOut | undefined; page: Preview | undefined; wrongTarget: string | undefined; defaultDomain: string }) {
  const { register } = useFormContext<Fields>();
  const fields = useWatch<Fields>() as Fields;
  const title = useFault("title");
  return (
    <>
      <div className="space-y-5 pb-5">
        <TargetField wrong={wrongTarget} isNew={link === undefined} />
        <SlugField own={link} defaultDomain={defaultDomain} />
        <TextField
          {...register("title")}
          label={text.title}
          maxLength={256}
          error={title}
          placeholder={page?.title ?? ""}
          hint={page?.title && !fields.title && !link ? text.titleFromPage : undefined}
          autoComplete="off"
        />
        <TagsField />
      </div>
      <Section title={text.campaign} hint={text.campaignHint} used={PARTS.some((part) => utm(fields.target, part))} fields={[]}>
        <UtmFields />
      </Section>
      <Section title={text.time} used={Boolean(fields.startsAt || fields.expiresAt || fields.expiredTarget || fields.maxClicks)} fields={["starts_at", "expires_at", "expired_target", "max_clicks"]}>
        <TimeFields />
      </Section>
      <Section title={text.rules} hint={text.rulesHint} used={fields.rules.length > 0} fields={["rules"]}>
        <RulesFields />
      </Section>
      <Section title={text.variants} hint={text.variantsHint} used={fields.variants.length > 0} fields={["variants"]}>
        <VariantsFields />
      </Section>
      <Section title={text.protection} used={link?.protected === true || Boolean(fields.password)} fields={["password"]}>
        <PasswordFields isSet={link?.protected === true} />
      </Section>
      <Section title={text.card} hint={text.cardHint} used={Boolean(fields.description || fields.image)} fields={["description", "image"]}>
        <CardFields described={page?.description} />
      </Section>
      <Section title={text.redirect} used={fields.redirectStatus !== "302" || fields.forwardPath || fields.disabled} fields={["redirect_status", "forward_query", "forward_path", "allow_caching"]}>
        <RedirectFields exists={link !== undefined} />
      </Section>
    </>
  );
}
