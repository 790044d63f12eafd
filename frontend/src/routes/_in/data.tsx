import { createFileRoute } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { EarlierImports } from "@/features/data/EarlierImports";
import { ExportPanel } from "@/features/data/ExportPanel";
import { ImportPanel } from "@/features/data/ImportPanel";
import { data as text } from "@/text/data";

export const Route = createFileRoute("/_in/data")({
  validateSearch: (search: Record<string, unknown>): { import?: number } => (typeof search.import === "number" && search.import > 0 ? { import: Math.trunc(search.import) } : {}),
  component: Page,
});

function Page() {
  const { import: id } = Route.useSearch();
  const navigate = Route.useNavigate();
  return (
    <>
      <PageHeader title={text.title} />
      <div className="space-y-6">
        <section aria-labelledby="import" className="card p-5">
          <h2 id="import" className="mb-4 text-base font-semibold">
            {text.import}
          </h2>
          <ImportPanel id={id} onShow={(shown) => void navigate({ search: shown === undefined ? {} : { import: shown } })} />
        </section>
        <section aria-labelledby="export" className="card p-5">
          <h2 id="export" className="mb-4 text-base font-semibold">
            {text.export}
          </h2>
          <ExportPanel />
        </section>
        <EarlierImports />
      </div>
    </>
  );
}
