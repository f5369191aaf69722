// Reads a job as JSON on standard input and writes the reduced style sheet and the icons into job.out.
//   job.templates  the templates' paths: a class that stands in none of them is left out of the style sheet
//   job.own        our own style sheet: the variables it reads are kept
//   job.words      words that may be names of icons
// PurgeCSS does the reduction because it is the common tool for it and brings PostCSS along, which moves the dark theme;
// Tabler's sheet comes minified, so no minifier is needed.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";

const job = JSON.parse(readFileSync(0, "utf8"));
const tabler = join(import.meta.dirname, "node_modules/@tabler/core");
const icons = join(import.meta.dirname, "node_modules/@tabler/icons");

// Themes are chosen by an attribute that a script sets. We run no such script: what the dark theme says goes into a
// media query, and the variants for an attribute we never write go away.
const DARK = "[data-bs-theme=dark]";
const UNUSED = /data-bs-theme=("|')?light|\[data-theme|data-bs-navbar|\.theme-dark|\.theme-light|\[dir=/;

function followThePreferredScheme(root) {
  const rules = [];
  root.walkRules((rule) => void rules.push(rule));
  for (const rule of rules) {
    if (rule.parent.type === "atrule" && rule.parent.name.endsWith("keyframes")) continue;
    const kept = rule.selectors.filter((selector) => !UNUSED.test(selector));
    if (kept.length === 0) {
      rule.remove();
      continue;
    }
    const dark = kept.filter((selector) => selector.includes(DARK));
    const light = kept.filter((selector) => !selector.includes(DARK));
    if (dark.length > 0) {
      const moved = rule.clone({ selectors: dark.map((selector) => selector.replace(/^(:root|html|body)?\[data-bs-theme=dark\]/, ":root").replaceAll(DARK, "")) });
      const media = postcss.atRule({ name: "media", params: "(prefers-color-scheme:dark)" });
      media.append(moved);
      rule.after(media);
    }
    if (light.length === 0) rule.remove();
    else if (light.length < rule.selectors.length) rule.selectors = light;
  }
}

const sheet = postcss.parse(readFileSync(join(tabler, "dist/css/tabler.min.css"), "utf8"));
const notice = sheet.nodes.find((node) => node.type === "comment" && node.text.includes("Copyright")).text.replace(/^!|^ \* ?/gm, "").trim();
sheet.walkComments((comment) => void comment.remove());
sheet.walkAtRules("charset", (rule) => void rule.remove());
followThePreferredScheme(sheet);

const read = [...new Set(readFileSync(job.own, "utf8").match(/--tblr-[\w-]+/g) ?? [])];
const [reduced] = await new PurgeCSS().purge({
  css: [{ raw: sheet.toString() }],
  content: job.templates,
  defaultExtractor: (text) => text.match(/[\w-]+/g) ?? [],
  safelist: { standard: ["html", "body", ":root"], variables: read },
  blocklist: [/^(modal|offcanvas|carousel|accordion|toast|tooltip|popover|dropdown|navbar|nprogress|ribbon|steps?|timeline)/],
  variables: true,
  keyframes: true,
  fontFace: true,
});

const version = (place) => JSON.parse(readFileSync(join(place, "package.json"), "utf8")).version;
const banner = `/*! Tabler ${version(tabler)}, MIT license, reduced to what Homeport's templates use; see LICENSES.txt */\n`;
const drawings = {};
for (const word of job.words) {
  const file = join(icons, "icons/outline", `${word}.svg`);
  if (!existsSync(file)) continue;
  const paths = readFileSync(file, "utf8").match(/<path[^>]*\/>/g) ?? [];
  drawings[word] = paths.filter((path) => !path.includes('stroke="none"')).map((path) => path.replace(" />", "/>")).join("");
}
const licenses = `${notice}\n\nTabler Icons\n\n${readFileSync(join(icons, "LICENSE"), "utf8")}`;

mkdirSync(job.out, { recursive: true });
const write = (name, text) => {
  writeFileSync(join(job.out, `${name}.new`), text);
  renameSync(join(job.out, `${name}.new`), join(job.out, name));
};
// The layer lets our own style sheet win without stronger selectors.
write("tabler.css", `${banner}@layer tabler{${reduced.css}}\n`);
write("icons.json", JSON.stringify(drawings));
write("LICENSES.txt", licenses);
