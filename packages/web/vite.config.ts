// Build of the dashboard: static files that find the service next to themselves, wherever that is (base "./").
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const service = "http://127.0.0.1:7420";

export default defineConfig({
  base: "./",
  plugins: [react()],
  server: { proxy: { "/v1": service, "/healthz": service } },
});
