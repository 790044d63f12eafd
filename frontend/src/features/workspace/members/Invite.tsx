import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useForm } from "react-hook-form";
import { postWorkspacesByWorkspaceIdInvitations } from "@/api/generated";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { toast } from "@/lib/toast";
import { members as text } from "@/text/members";
import { grantable, type Role, useAnew } from "./api";

export function Invite({ workspace, mine, onClose }: { workspace: number; mine: Role; onClose: () => void }) {
  const id = useId();
  const anew = useAnew(workspace);
  const form = useForm({ defaultValues: { email: "", role: "member" as Role } });
  const { errors } = form.formState;
  const send = useMutation({
    mutationFn: async (body: { email: string; role: Role }) => {
      await postWorkspacesByWorkspaceIdInvitations({ path: { workspace_id: workspace }, body });
      await anew();
    },
    onSuccess: (_, { email }) => {
      toast(text.invited(email));
      onClose();
    },
    onError: (error) => {
      showProblem(form, error);
    },
  });
  return (
    <Dialog
      title={text.invite}
      width="small"
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={send.isPending}>
          {text.inviting}
        </Button>
      }
    >
      <form
        id={id}
        noValidate
        className="space-y-4"
        onSubmit={form.handleSubmit(({ email, role }) => {
          send.mutate({ email: email.trim(), role });
        })}
      >
        {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
        <TextField
          type="email"
          autoComplete="off"
          label={text.email}
          hint={text.inviteHint}
          error={errors.email?.message}
          {...form.register("email", { validate: (email) => email.trim() !== "" || text.emailMissing })}
        />
        <SelectField label={text.roleLabel} error={errors.role?.message} {...form.register("role")}>
          {grantable(mine).map((role) => (
            <option key={role} value={role}>
              {`${text.role[role]}: ${text.may[role]}`}
            </option>
          ))}
        </SelectField>
      </form>
    </Dialog>
  );
}
