import type { LinkOut } from "@/api/generated";
import { fieldName, said } from "./said";

const SHOWN = [
  "target",
  "title",
  "tags",
  "rules",
  "variants",
  "starts_at",
  "expires_at",
  "expired_target",
  "max_clicks",
  "clicks_left",
  "protected",
  "description",
  "image",
  "redirect_status",
  "forward_query",
  "forward_path",
  "allow_caching",
  "disabled",
  "archived",
  "external_id",
  "imported_clicks",
  "created_at",
  "updated_at",
  "version",
] as const satisfies readonly (keyof LinkOut)[];

/** All that the link is, in words. */
export function SettingsTab({ link }: { link: LinkOut }) {
  return (
    <dl className="card divide-line divide-y">
      {SHOWN.map((field) => {
        const value = link[field];
        const several = Array.isArray(value) && field !== "tags" && value.length > 0;
        return (
          <div key={field} className="grid gap-x-4 gap-y-0.5 px-4 py-2.5 sm:grid-cols-[14rem_minmax(0,1fr)]">
            <dt className="text-muted">{fieldName(field)}</dt>
            <dd className="min-w-0 break-words">
              {several ? (
                <ol className="list-inside list-decimal space-y-1">
                  {value.map((item, index) => (
                    <li key={index}>{said(item)}</li>
                  ))}
                </ol>
              ) : (
                said(value)
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
