/** Made by scripts/world-map.ts. */
declare module "virtual:world" {
  const world: { readonly width: number; readonly height: number; readonly countries: readonly (readonly [code: string, path: string])[] };
  export default world;
}
