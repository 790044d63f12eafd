import { useQuery } from "@tanstack/react-query";
import { Failed } from "@/components/Failed";
import { analytics as text } from "@/text/analytics";
import { components } from "@/text/components";
import { seriesOptions } from "./api";
import { BOX, Chart } from "./Chart";
import { ChartTable } from "./ChartTable";
import { ExportMenu } from "./ExportMenu";
import { intervalsFor } from "./range";
import type { Interval } from "./search";
import { useGo } from "./useGo";
import { useView } from "./view";

/** Clicks over time: as a chart, behind it as a table, and as a file. */
export function SeriesCard() {
  const { question, before, interval, zone, range } = useView();
  const go = useGo();
  const { data, error, refetch } = useQuery(seriesOptions(question, interval, zone));
  const { data: earlier } = useQuery({ ...seriesOptions(before?.whole ?? question, interval, zone), enabled: before !== undefined });
  return (
    <section aria-labelledby="over-time" className="card p-3 sm:p-5">
      <header className="mb-2 flex flex-wrap items-center gap-2">
        <h2 id="over-time" className="flex-1 font-semibold">
          {text.chart.heading}
        </h2>
        <select
          aria-label={text.interval.label}
          className="input h-8 w-auto pr-8 text-xs print:hidden"
          value={interval}
          onChange={({ target }) => {
            go({ interval: target.value as Interval });
          }}
        >
          {intervalsFor(range).map((one) => (
            <option key={one} value={one}>
              {text.interval[one]}
            </option>
          ))}
        </select>
        <ExportMenu extract={{ what: "series", interval, timezone: zone }} />
      </header>
      {error ? (
        <div className={BOX}>
          <Failed error={error} reset={() => void refetch()} />
        </div>
      ) : data ? (
        <>
          <Chart buckets={data} before={before ? earlier : undefined} />
          <ChartTable buckets={data} before={before ? earlier : undefined} />
        </>
      ) : (
        <>
          <div role="status" aria-label={components.loading} className={`skeleton ${BOX}`} />
          <div className="mt-2 h-6" />
        </>
      )}
    </section>
  );
}
