"""What a page owes to who sees badly, or not at all: contrast, names, no scrolling sideways."""

from playwright.sync_api import Page


def unreadable(page: Page) -> list[str]:
    """The texts whose contrast to what lies behind them is too low, each with its ratio."""
    found: list[str] = page.evaluate(_CONTRAST)
    return found


def nameless(page: Page) -> list[str]:
    """Controls without a name for a screen reader, images without alt."""
    found: list[str] = page.evaluate(_NAMELESS)
    return found


def beyond(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found: int = page.evaluate(wide)
    return found


# The texts whose contrast to what lies behind them is below WCAG AA (4.5, large ones 3).
_CONTRAST = """() => {
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    const painted = colours => {
        pen.clearRect(0, 0, 1, 1);
        for (const each of colours) { pen.fillStyle = each; pen.fillRect(0, 0, 1, 1); }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const found = [];
    for (const each of document.querySelectorAll("main *, header *")) {
        const own = [...each.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        const apart = each.closest("#viewport, :disabled, option, .unseen");
        if (!own || !each.checkVisibility() || apart) continue;
        const behind = [];
        for (let at = each; at; at = at.parentElement) {
            behind.unshift(getComputedStyle(at).backgroundColor);
        }
        const style = getComputedStyle(each);
        const [a, b] = [light(painted([...behind, style.color])), light(painted(behind))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) {
            found.push(`${each.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
        }
    }
    return found;
}"""


# Controls without a name for a screen reader, images without alt.
_NAMELESS = """() => [...document.querySelectorAll(
    "button, a[href], input:not([type=hidden]), select, textarea, img")].filter(each => {
    if (!each.checkVisibility()) return false;
    if (each.tagName === "IMG") return !each.hasAttribute("alt");
    const label = each.labels?.length ? each.labels[0].textContent : "";
    return !(each.getAttribute("aria-label") || label || each.textContent || each.title).trim();
}).map(each => each.outerHTML.slice(0, 120))"""
