import { useEffect, useMemo, useRef, useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { getLinksByLinkId, type LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { Key } from "@/components/Key";
import { address } from "@/features/links/target";
import { printed, useKeys } from "@/lib/keys";
import { toast } from "@/lib/toast";
import { builder as text } from "@/text/builder";
import { BuilderForm } from "./BuilderForm";
import { drop, keep, kept } from "./draft";
import { Faults } from "./faults";
import { changes, type Fields, fieldsOf, rebase } from "./fields";
import { LivePreview } from "./LivePreview";
import { Trouble } from "./Trouble";
import { usePage } from "./usePage";
import { useSave } from "./useSave";

const NO_FAULTS = {};

/** The form with its preview, for a new link or for one that there is. What is typed is kept until it is saved. */
export function Builder({
  link: given,
  base: start,
  target,
  defaultDomain,
  onMade,
}: {
  link?: LinkOut;
  base: Fields;
  target?: string | undefined;
  defaultDomain: string;
  onMade?: (link: LinkOut, copied: boolean) => void;
}) {
  const [link, setLink] = useState(given);
  const [base, setBase] = useState(start);
  const [before] = useState(() => kept(given?.id, start));
  const [restored, setRestored] = useState(before !== null);
  const [merged, setMerged] = useState(false);
  const [wrongTarget, setWrongTarget] = useState<string>();
  const form = useForm<Fields>({ defaultValues: { ...(before ?? start), ...(target ? { target } : {}) } });
  const element = useRef<HTMLFormElement>(null);
  const save = useSave();
  const { page, unread } = usePage(useWatch({ control: form.control, name: "target" }));
  const id = link?.id;
  const version = link?.version ?? 0;

  useEffect(
    () =>
      form.subscribe({
        formState: { values: true },
        callback: ({ values }) => {
          keep(id, { fields: values, base, version });
        },
      }),
    [form, id, base, version],
  );
  useKeys(useMemo(() => [{ keys: "mod+s", label: text.saveKey, run: () => element.current?.requestSubmit() }], []));

  function startAnew(now: Fields, of: LinkOut | undefined) {
    setBase(now);
    setLink(of);
    form.reset(now);
    drop(id);
    setRestored(false);
    save.clear();
  }
  async function submit(fields: Fields) {
    const whole = address(fields.target);
    setWrongTarget(whole ? undefined : text.notAnAddress);
    setMerged(false);
    if (!whole) {
      form.setFocus("target");
      return;
    }
    if (!link) {
      const made = await save.make(fields, base, page?.title);
      if (!made) return;
      drop(undefined);
      onMade?.(made.link, made.copied);
    } else if (Object.keys(changes(fields, base)).length === 0) toast(text.nothingToSave);
    else {
      const saved = await save.save(link, fields, base);
      if (!saved) return;
      startAnew(fieldsOf(saved), saved);
      toast(text.saved);
    }
  }
  async function conflict(keepMine: boolean) {
    if (!link) return;
    try {
      const { data: theirs } = await getLinksByLinkId({ path: { link_id: link.id } });
      const mine = form.getValues();
      const now = fieldsOf(theirs);
      startAnew(now, theirs);
      if (!keepMine) return;
      form.reset(rebase(mine, base, now), { keepDefaultValues: true });
      setMerged(true);
    } catch (error) {
      toast(problem(error).message, { kind: "danger" });
    }
  }
  return (
    <FormProvider {...form}>
      <Faults value={save.failure?.fields ?? NO_FAULTS}>
        <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
          <form ref={element} noValidate onSubmit={form.handleSubmit(submit)} className="min-w-0">
            {restored && (
              <div className="mb-4">
                <Notice
                  action={
                    <Button
                      size="small"
                      onClick={() => {
                        startAnew(base, link);
                      }}
                    >
                      {text.draftDrop}
                    </Button>
                  }
                >
                  {text.draftBack}
                </Notice>
              </div>
            )}
            {merged && (
              <div className="mb-4">
                <Notice kind="good">{text.conflictMerged}</Notice>
              </div>
            )}
            <BuilderForm link={link} page={page} wrongTarget={wrongTarget} defaultDomain={defaultDomain} />
            <div className="border-line bg-page sticky bottom-0 z-10 space-y-3 border-t py-3">
              {save.failure && <Trouble failure={save.failure} onMerge={() => void conflict(true)} onDiscard={() => void conflict(false)} />}
              <div className="flex items-center gap-3">
                <Button type="submit" look="primary" size="large" busy={save.busy} className="flex-1 sm:flex-none">
                  {link ? text.save : text.create}
                </Button>
                <span className="hidden sm:inline">
                  <Key>{printed("mod+s")}</Key>
                </span>
              </div>
            </div>
          </form>
          <LivePreview page={page} unread={unread} defaultDomain={defaultDomain} scheme={location.protocol} />
        </div>
      </Faults>
    </FormProvider>
  );
}
