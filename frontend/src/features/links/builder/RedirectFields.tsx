import { useFormContext } from "react-hook-form";
import { SelectField } from "@/components/SelectField";
import { Switch } from "@/components/Switch";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** How visitors are sent on. */
export function RedirectFields({ exists }: { exists: boolean }) {
  const { register } = useFormContext<Fields>();
  const status = useFault("redirect_status");
  return (
    <>
      <SelectField {...register("redirectStatus")} label={text.status} error={status}>
        {([301, 302, 307, 308] as const).map((code) => (
          <option key={code} value={code}>
            {text.statuses[code]}
          </option>
        ))}
      </SelectField>
      <Switch {...register("forwardQuery")} label={text.forwardQuery} hint={text.forwardQueryHint} />
      <Switch {...register("forwardPath")} label={text.forwardPath} hint={text.forwardPathHint} />
      <Switch {...register("allowCaching")} label={text.allowCaching} hint={text.allowCachingHint} />
      {exists && <Switch {...register("disabled")} label={text.disabled} hint={text.disabledHint} />}
    </>
  );
}
