"""What of a page is built like the rest of its list, and need not be judged once more."""

LEFT_OUT = """() => {
    const main = document.querySelector("main");
    if (!main) return {back: () => {}};
    const its_own = new Set("id href for name value src action title alt datetime aria-label aria-labelledby aria-describedby".split(" "));
    const meant = new Set(["for", "aria-labelledby", "aria-describedby"]), numbers = new Map(), kinds = new Map();
    const told = ({name, value}) => {
        if (!its_own.has(name) && !name.startsWith("data-")) return `${name}=${value}`;
        const leads_nowhere = meant.has(name) && !value.split(/\\s+/).every(id => document.getElementById(id));
        return leads_nowhere ? `${name}?` : value.trim() ? `${name}=` : name;
    };
    const kind = one => {
        if (!kinds.has(one)) {
            const text = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
            const within = [...new Set([...one.children].map(kind))];
            const all = [one.localName, text, one.disabled, one.hidden, ...[...one.attributes].map(told).sort(), ...within].join("\\n");
            if (!numbers.has(all)) numbers.set(all, `#${numbers.size}`);
            kinds.set(one, numbers.get(all));
        }
        return kinds.get(one);
    };
    const gone = [];
    const leave_out = parent => {
        const alike = Map.groupBy(parent.children, kind);
        for (const one of parent.children) {
            const place = alike.get(kind(one)).indexOf(one), last = alike.get(kind(one)).length - 1;
            if (place < 2 || place === last || !one.matches("tr, li, section, article, details, div, form")) leave_out(one);
            else if (!one.contains(document.activeElement)) gone.push([one, one.parentNode, one.nextSibling]);
        }
    };
    leave_out(main);
    for (const [one] of gone) one.remove();
    return {back: () => gone.reverse().forEach(([one, parent, next]) => parent.insertBefore(one, next))};
}"""
"""Takes out of a list what is built like two others and the last of it: the same elements, with the same attributes but for texts,
addresses and names, with texts where those have texts, and labels that lead somewhere where those have such. `back` puts all back."""
TWICE = """() => {
    const label = one => one.ariaLabel || one.getAttribute("aria-labelledby")?.split(/\\s+/).map(id => document.getElementById(id)?.textContent).join(" ");
    const ids = [...document.querySelectorAll("[id]")].map(one => `id ${one.id}`);
    const regions = [...document.querySelectorAll("section:is([aria-label], [aria-labelledby]), [role=region]")].map(one => `region ${label(one)}`);
    return [...Map.groupBy([...ids, ...regions], name => name)].filter(([, all]) => all.length > 1).map(([name]) => `twice on the page: ${name}`);
}"""
"""What must be of its own on the whole page, also in what is left out elsewhere."""
