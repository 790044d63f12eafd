import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Plugin } from "vite";

const NAME = "virtual:world";
const WIDTH = 960;
const HEIGHT = 440;
const ANTARCTICA = "010";

/** ISO 3166's letters by its numbers, by which the map knows countries. */
const CODES = new Map(
  `242FJ834TZ124CA398KZ860UZ598PG360ID032AR152CL706SO404KE729SD148TD332HT643RU044BS578NO304GL626TL710ZA426LS484MX858UY076BR068BO604PE
  170CO591PA188CR558NI340HN222SV320GT084BZ862VE328GY740SR250FR218EC630PR388JM192CU716ZW072BW516NA686SN466ML478MR204BJ562NE566NG120CM
  768TG288GH324GN624GW430LR694SL854BF266GA894ZM454MW508MZ024AO108BI376IL422LB450MG270GM788TN012DZ400JO784AE634QA414KW368IQ512OM548VU
  116KH764TH418LA704VN408KP410KR496MN356IN050BD064BT524NP586PK004AF762TJ417KG795TM364IR760SY051AM752SE112BY804UA616PL040AT348HU498MD
  642RO440LT428LV233EE276DE100BG300GR008AL191HR756CH442LU056BE528NL620PT724ES372IE540NC554NZ036AU144LK156CN158TW380IT208DK826GB352IS
  031AZ268GE608PH458MY096BN705SI246FI703SK203CZ232ER392JP600PY887YE682SA196CY504MA818EG434LY231ET262DJ800UG646RW688RS499ME732EH840US
  180CD214DO238FK260TF384CI140CF178CG226GQ748SZ275PS104MM792TR090SB070BA807MK780TT728SS`
    .match(/\d{3}[A-Z]{2}/g)
    ?.map((pair) => [pair.slice(0, 3), pair.slice(3)]),
);

/** Draw the countries as paths on whole pixels, Antarctica left out, where nobody follows links. */
function drawn(): { width: number; height: number; countries: [code: string, path: string][] } {
  const topology = createRequire(import.meta.url)("world-atlas/countries-110m.json") as Topology<{ countries: GeometryCollection }>;
  const { features } = feature(topology, topology.objects.countries);
  const land = { type: "FeatureCollection" as const, features: features.filter(({ id }) => id !== ANTARCTICA) };
  const path = geoPath(geoEqualEarth().fitSize([WIDTH, HEIGHT], land)).digits(0);
  // What has no number, or is nobody's country by ISO 3166, is drawn, and has no clicks of its own.
  return { width: WIDTH, height: HEIGHT, countries: land.features.map((one) => [CODES.get(String(one.id)) ?? "", path(one) ?? ""]) };
}

/** The world's map as `virtual:world`: projected while building, so that browsers need no geometry for it. */
export function worldMap(): Plugin {
  return {
    name: "world-map",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? `export default ${JSON.stringify(drawn())};` : undefined),
  };
}
