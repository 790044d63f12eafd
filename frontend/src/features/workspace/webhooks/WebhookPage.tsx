import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { deleteWebhooksByWebhookId, patchWebhooksByWebhookId, postWebhooksByWebhookIdSecret, postWebhooksByWebhookIdTest } from "@/api/generated";
import { problem } from "@/api/errors";
import { useMay } from "@/api/me";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageHeader } from "@/components/PageHeader";
import { PageSkeleton } from "@/components/PageSkeleton";
import { Time } from "@/components/Time";
import { toast } from "@/lib/toast";
import { webhooks as text } from "@/text/webhooks";
import { useAnew, useWebhook } from "./api";
import { Deliveries } from "./Deliveries";
import { MadeSecret } from "./MadeSecret";
import { State } from "./State";
import { WebhookForm } from "./WebhookForm";

export interface WebhookSearch {
  only?: "failed" | undefined;
  edit?: boolean | undefined;
}

/** A webhook: what it is told of, how it does, and all that was sent to it. */
export function WebhookPage({ id, search, onSearch }: { id: number; search: WebhookSearch; onSearch: (changed: WebhookSearch) => void }) {
  const navigate = useNavigate();
  const may = useMay("webhooks:write");
  const anew = useAnew();
  const asked = useWebhook(id);
  const [open, setOpen] = useState<"rotate" | "remove" | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const act = useMutation({
    mutationFn: async ({ run }: { run: () => Promise<unknown>; said: string }) => {
      await run();
      await anew(id);
    },
    onSuccess: (_, { said }) => toast(said),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  const item = asked.data;
  if (!item) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  const path = { webhook_id: id };
  const close = () => {
    setOpen(null);
  };
  return (
    <>
      <Link to="/webhooks" className="text-muted hover:text-ink mb-3 inline-flex items-center gap-1.5">
        <ArrowLeft aria-hidden size={15} />
        {text.back}
      </Link>
      <PageHeader title={<span className="break-all">{item.name ?? item.url}</span>} tab={item.name ?? item.url}>
        {may && (
          <>
            <Button
              disabled={item.disabled}
              busy={act.isPending}
              onClick={() => {
                act.mutate({ run: () => postWebhooksByWebhookIdTest({ path }), said: text.tested });
              }}
            >
              {text.test}
            </Button>
            <Button
              onClick={() => {
                onSearch({ edit: true });
              }}
            >
              {text.edit}
            </Button>
            <Button
              onClick={() => {
                act.mutate({
                  run: () => patchWebhooksByWebhookId({ path, body: { disabled: !item.disabled } }),
                  said: item.disabled ? text.enabled : text.disabled,
                });
              }}
            >
              {item.disabled ? text.enable : text.disable}
            </Button>
            <Button
              onClick={() => {
                setOpen("rotate");
              }}
            >
              {text.rotate}
            </Button>
            <Button
              className="text-danger"
              onClick={() => {
                setOpen("remove");
              }}
            >
              {text.remove}
            </Button>
          </>
        )}
      </PageHeader>
      <div className="card mb-8 space-y-3 p-4">
        <p className="flex flex-wrap items-center gap-2">
          <State item={item} />
          <span className="min-w-0 break-all">{item.url}</span>
        </p>
        <ul aria-label={text.events} className="flex flex-wrap gap-1">
          {item.events.map((event) => (
            <li key={event}>
              <Badge>{text.event[event][0]}</Badge>
            </li>
          ))}
        </ul>
        {item.disabled_because && (
          <Notice kind="warn">
            {text.because}: {item.disabled_because}
          </Notice>
        )}
        {item.old_secret_until && (
          <p className="text-muted text-xs">
            {text.oldSecret} <Time at={item.old_secret_until} />
          </p>
        )}
      </div>
      <Deliveries
        webhook={id}
        may={may}
        failed={search.only === "failed"}
        onFailed={(only) => {
          onSearch({ only: only ? "failed" : undefined });
        }}
      />
      {search.edit && may && (
        <WebhookForm
          item={item}
          onClose={() => {
            onSearch({ edit: undefined });
          }}
        />
      )}
      {open === "rotate" && (
        <Confirm
          title={text.rotateTitle}
          action={text.rotate}
          danger={false}
          onConfirm={async () => {
            const { data } = await postWebhooksByWebhookIdSecret({ path });
            setSecret(data.secret);
            await anew(id);
          }}
          onClose={close}
        >
          <p>{text.rotateHint}</p>
        </Confirm>
      )}
      {open === "remove" && (
        <Confirm
          title={text.removeTitle(item.name ?? item.url)}
          action={text.remove}
          onConfirm={async () => {
            await deleteWebhooksByWebhookId({ path });
            toast(text.removed);
            await navigate({ to: "/webhooks" });
            await anew();
          }}
          onClose={close}
        >
          <p>{text.removeHint}</p>
        </Confirm>
      )}
      {secret !== null && (
        <MadeSecret
          value={secret}
          onClose={() => {
            setSecret(null);
          }}
        />
      )}
    </>
  );
}
