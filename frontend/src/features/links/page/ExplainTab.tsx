import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { getLinksByLinkIdExplain, type GetLinksByLinkIdExplainData, type LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { SelectField } from "@/components/SelectField";
import { Switch } from "@/components/Switch";
import { TextField } from "@/components/TextField";
import { builder } from "@/text/builder";
import { link as text } from "@/text/link";
import { Answer } from "./Answer";

interface Visitor {
  device: string;
  country: string;
  accept_language: string;
  referrer: string;
  query: string;
  address: string;
  user_agent: string;
  at: string;
  password_given: boolean;
}
const ANYBODY: Visitor = { device: "", country: "", accept_language: "", referrer: "", query: "", address: "", user_agent: "", at: "", password_given: true };
const DEVICES = ["desktop", "mobile", "tablet", "tv", "console", "other"] as const;

/** What is not said of the visitor is left to be found by the rest, as with a request. */
function described({ device, at, password_given, ...rest }: Visitor): GetLinksByLinkIdExplainData["query"] {
  return {
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value)),
    device: DEVICES.find((known) => known === device),
    at: at ? new Date(at).toISOString() : undefined,
    password_given,
  };
}

/** Which target a visitor would get, and why. */
export function ExplainTab({ link }: { link: LinkOut }) {
  const { register, handleSubmit } = useForm<Visitor>({ defaultValues: ANYBODY });
  const ask = useMutation({ mutationFn: async (visitor: Visitor) => (await getLinksByLinkIdExplain({ path: { link_id: link.id }, query: described(visitor) })).data });
  const fields = ask.error ? problem(ask.error).fields : {};
  return (
    <div className="grid gap-6 lg:grid-cols-2">
      <form
        noValidate
        className="space-y-4"
        onSubmit={handleSubmit((visitor) => {
          ask.mutate(visitor);
        })}
      >
        <p className="text-muted">{text.explain.hint}</p>
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField {...register("device")} label={text.explain.device} error={fields.device}>
            <option value="">{text.explain.any}</option>
            {DEVICES.map((device) => (
              <option key={device} value={device}>
                {builder.devices[device]}
              </option>
            ))}
          </SelectField>
          <TextField {...register("country")} label={text.explain.country} error={fields.country} placeholder="AT" maxLength={2} autoComplete="off" />
          <TextField {...register("accept_language")} label={text.explain.language} error={fields.accept_language} placeholder="de-AT,en;q=0.8" autoComplete="off" />
          <TextField {...register("referrer")} label={text.explain.referrer} error={fields.referrer} placeholder="https://news.example.com/" autoComplete="off" />
          <TextField {...register("query")} label={text.explain.query} error={fields.query} placeholder="ref=mail" autoComplete="off" />
          <TextField {...register("address")} label={text.explain.address} error={fields.address} placeholder="192.0.2.7" autoComplete="off" />
          <TextField {...register("at")} label={text.explain.at} error={fields.at} type="datetime-local" />
          <TextField {...register("user_agent")} label={text.explain.userAgent} error={fields.user_agent} autoComplete="off" />
        </div>
        {link.protected && <Switch {...register("password_given")} label={text.explain.passwordGiven} />}
        <Button type="submit" look="primary" busy={ask.isPending}>
          {text.explain.ask}
        </Button>
      </form>
      <div aria-live="polite">
        {ask.error && Object.keys(fields).length === 0 && <Failed error={ask.error} />}
        {ask.data && <Answer explanation={ask.data} />}
      </div>
    </div>
  );
}
