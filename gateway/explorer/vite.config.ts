// How the explorer becomes static files that need no other host and no rule looser than the gateway's own.
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "static",
    target: "es2022",
    assetsInlineLimit: 0, // a font or icon inlined as data: is refused by `font-src 'self'`
    modulePreload: { polyfill: false }, // the polyfill is an inline script
    rolldownOptions: {
      input: ["index.html", "callback.html"],
      checks: { moduleLevelDirective: false }, // "use client" means nothing in a browser bundle
    },
    chunkSizeWarningLimit: 4000, // the editor is large, cached for good, and loaded after the page stands
  },
});
