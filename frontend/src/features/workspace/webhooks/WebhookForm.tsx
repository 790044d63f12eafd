import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useForm } from "react-hook-form";
import { patchWebhooksByWebhookId, postWebhooks, type WebhookDraft, type WebhookMade, type WebhookOut } from "@/api/generated";
import { Button } from "@/components/Button";
import { Choice } from "@/components/Choice";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { webhooks as text } from "@/text/webhooks";
import { useAnew } from "./api";

type Event = WebhookDraft["events"][number];
const EVENTS = Object.keys(text.event) as Event[];
const isAddress = (url: string) => /^https?:\/\/\S+$/i.test(url.trim());

/** Makes a webhook, or changes `item`. */
export function WebhookForm({ item, onMade, onClose }: { item?: WebhookOut; onMade?: (made: WebhookMade) => void; onClose: () => void }) {
  const id = useId();
  const anew = useAnew();
  const form = useForm({ defaultValues: { url: item?.url ?? "", name: item?.name ?? "", events: item?.events ?? (["link.created"] as Event[]) } });
  const { errors } = form.formState;
  const send = useMutation({
    mutationFn: async (body: WebhookDraft) => {
      if (item) await patchWebhooksByWebhookId({ path: { webhook_id: item.id }, headers: { "If-Match": `"${item.version}"` }, body });
      else onMade?.((await postWebhooks({ body })).data);
      await anew(item?.id);
    },
    onSuccess: onClose,
    onError: (error) => {
      showProblem(form, error);
    },
  });
  return (
    <Dialog
      title={item ? text.editing : text.make}
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={send.isPending}>
          {item ? text.save : text.making}
        </Button>
      }
    >
      <form
        id={id}
        noValidate
        className="space-y-5"
        onSubmit={form.handleSubmit(({ url, name, events }) => {
          send.mutate({ url: url.trim(), name: name.trim() || null, events });
        })}
      >
        {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
        <TextField
          type="url"
          inputMode="url"
          label={text.url}
          hint={text.urlHint}
          placeholder="https://example.com/hooks/ginnel"
          error={errors.url?.message}
          {...form.register("url", { validate: (url) => isAddress(url) || text.urlWrong })}
        />
        <TextField label={text.name} optional={text.optional} maxLength={100} error={errors.name?.message} {...form.register("name")} />
        <fieldset aria-describedby={errors.events ? `${id}-events` : undefined}>
          <legend className="mb-1.5 font-medium">{text.events}</legend>
          <div className="grid gap-2 sm:grid-cols-2">
            {EVENTS.map((event) => (
              <Choice
                key={event}
                value={event}
                label={text.event[event][0]}
                hint={<code>{event}</code>}
                {...form.register("events", { validate: (events) => events.length > 0 || text.eventsMissing })}
              />
            ))}
          </div>
          {errors.events?.message && (
            <p id={`${id}-events`} role="alert" className="text-danger mt-1.5">
              {errors.events.message}
            </p>
          )}
        </fieldset>
      </form>
    </Dialog>
  );
}
