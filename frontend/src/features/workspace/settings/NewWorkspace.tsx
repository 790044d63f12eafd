import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useForm } from "react-hook-form";
import { postWorkspaces } from "@/api/generated";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { toast } from "@/lib/toast";
import { settings as text } from "@/text/settings";
import { useEnter } from "./api";

/** Makes a workspace and goes into it. */
export function NewWorkspace({ onClose }: { onClose: () => void }) {
  const id = useId();
  const enter = useEnter();
  const form = useForm({ defaultValues: { name: "" } });
  const { errors } = form.formState;
  const make = useMutation({
    mutationFn: async (name: string) => (await postWorkspaces({ body: { name } })).data,
    onSuccess: async (made) => {
      onClose();
      toast(text.made(made.name));
      await enter(made.id);
    },
    onError: (error) => {
      showProblem(form, error);
    },
  });
  return (
    <Dialog
      title={text.make}
      width="small"
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={make.isPending}>
          {text.making}
        </Button>
      }
    >
      <form
        id={id}
        noValidate
        className="space-y-4"
        onSubmit={form.handleSubmit(({ name }) => {
          make.mutate(name.trim());
        })}
      >
        {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
        <TextField
          label={text.newName}
          maxLength={100}
          error={errors.name?.message}
          {...form.register("name", { validate: (name) => name.trim() !== "" || text.nameMissing })}
        />
      </form>
    </Dialog>
  );
}
