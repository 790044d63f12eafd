import { useMe } from "@/api/me";
import { Failed } from "@/components/Failed";
import { PageSkeleton } from "@/components/PageSkeleton";
import { useSettings } from "./api";
import { DeleteWorkspace } from "./DeleteWorkspace";
import { NewWorkspace } from "./NewWorkspace";
import { SettingsForm } from "./SettingsForm";
import { Workspaces } from "./Workspaces";

export interface SettingsSearch {
  new?: boolean | undefined;
}

export function Settings({ search, onSearch }: { search: SettingsSearch; onSearch: (changed: SettingsSearch) => void }) {
  const me = useMe();
  return me ? <Of workspace={me.workspace} search={search} onSearch={onSearch} /> : <PageSkeleton />;
}

function Of({ workspace, search, onSearch }: { workspace: number; search: SettingsSearch; onSearch: (changed: SettingsSearch) => void }) {
  const asked = useSettings(workspace);
  const whole = asked.data;
  if (!whole) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  return (
    <div className="space-y-10">
      {/* Another workspace's settings are another form. */}
      <SettingsForm key={whole.id} workspace={whole} may={whole.role === "owner" || whole.role === "admin"} />
      <Workspaces
        here={whole.id}
        onMake={() => {
          onSearch({ new: true });
        }}
      />
      {whole.role === "owner" && <DeleteWorkspace workspace={whole} />}
      {search.new && (
        <NewWorkspace
          onClose={() => {
            onSearch({ new: undefined });
          }}
        />
      )}
    </div>
  );
}
