import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useForm } from "react-hook-form";
import { postAdminBlockedHosts } from "@/api/generated";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { toast } from "@/lib/toast";
import { admin } from "@/text/admin";
import { useAnew } from "./api";

const text = admin.hosts;

export function BlockHost({ onClose }: { onClose: () => void }) {
  const id = useId();
  const anew = useAnew();
  const form = useForm({ defaultValues: { host: "", reason: "" } });
  const { errors } = form.formState;
  const block = useMutation({
    mutationFn: async (said: { host: string; reason: string }) => {
      const { data } = await postAdminBlockedHosts({ body: { host: said.host.trim(), reason: said.reason.trim() || null } });
      await anew();
      return data;
    },
    onSuccess: ({ host }) => {
      toast(text.added(host));
      onClose();
    },
    onError: (error) => {
      showProblem(form, error);
    },
  });
  return (
    <Dialog
      title={text.add}
      width="small"
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="danger" busy={block.isPending}>
          {admin.block}
        </Button>
      }
    >
      <form
        id={id}
        noValidate
        className="space-y-4"
        onSubmit={form.handleSubmit((said) => {
          block.mutate(said);
        })}
      >
        {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
        <TextField
          label={text.host}
          hint={text.hostHint}
          autoComplete="off"
          error={errors.host?.message}
          {...form.register("host", { validate: (host) => host.trim() !== "" || text.hostMissing })}
        />
        <TextField label={admin.reason} optional={admin.optional} hint={admin.reasonHint} error={errors.reason?.message} {...form.register("reason")} />
      </form>
    </Dialog>
  );
}
