import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { postAdminInvitations, putAdminRegistration, type RegistrationOut } from "@/api/generated";
import { getAuthRegistrationQueryKey } from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Choice } from "@/components/Choice";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { toast } from "@/lib/toast";
import { admin } from "@/text/admin";
import { useRegistration } from "./api";

const text = admin.registration;
type Mode = RegistrationOut["mode"];
const MODES: readonly Mode[] = ["open", "invite", "closed"];

/** Who may register here, and letters to those who should. */
export function Registration() {
  const asked = useRegistration();
  if (!asked.data) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  return (
    <div className="grid gap-6 md:grid-cols-2">
      <ModeChoice mode={asked.data.mode} />
      <InviteForm />
    </div>
  );
}

function ModeChoice({ mode }: { mode: Mode }) {
  const queries = useQueryClient();
  const choose = useMutation({
    mutationFn: async (wanted: Mode) => (await putAdminRegistration({ body: { mode: wanted } })).data,
    onSuccess: (now) => {
      queries.setQueryData(getAuthRegistrationQueryKey(), now);
      toast(text.saved);
    },
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  const shown = choose.isPending ? choose.variables : mode;
  return (
    <fieldset className="card p-5">
      <legend className="float-left mb-3 w-full text-base font-semibold">{text.mode}</legend>
      <div className="clear-both space-y-2">
        {MODES.map((one) => (
          <Choice
            key={one}
            type="radio"
            name="mode"
            label={text.modes[one][0]}
            hint={text.modes[one][1]}
            checked={shown === one}
            onChange={() => {
              choose.mutate(one);
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}

function InviteForm() {
  const form = useForm({ defaultValues: { email: "" } });
  const { errors } = form.formState;
  const send = useMutation({
    mutationFn: (email: string) => postAdminInvitations({ body: { email } }),
    onSuccess: (_, email) => {
      toast(text.sent(email));
      form.reset();
    },
    onError: (error) => {
      showProblem(form, error);
    },
  });
  return (
    <form
      noValidate
      className="card space-y-4 p-5"
      onSubmit={form.handleSubmit(({ email }) => {
        send.mutate(email.trim());
      })}
    >
      <h2 className="text-base font-semibold">{text.invite}</h2>
      {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
      <TextField
        type="email"
        autoComplete="off"
        label={text.email}
        hint={text.inviteHint}
        error={errors.email?.message}
        {...form.register("email", { validate: (email) => email.trim() !== "" || text.emailMissing })}
      />
      <Button type="submit" look="primary" busy={send.isPending}>
        {text.send}
      </Button>
    </form>
  );
}
