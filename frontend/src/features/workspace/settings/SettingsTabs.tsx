import { Link } from "@tanstack/react-router";
import { useMay } from "@/api/me";
import { PageHeader } from "@/components/PageHeader";
import { TAB, Tabs } from "@/components/Tabs";
import { settings as text } from "@/text/settings";

export function SettingsTabs() {
  const audit = useMay("audit:read");
  return (
    <>
      <PageHeader title={text.title} />
      <Tabs label={text.sections}>
        <Link to="/settings" activeOptions={{ exact: true, includeSearch: false }} className={TAB}>
          {text.general}
        </Link>
        {audit && (
          <Link to="/settings/audit" className={TAB}>
            {text.audit}
          </Link>
        )}
      </Tabs>
    </>
  );
}
