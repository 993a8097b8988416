"""What a page owes to who sees badly, or not at all: contrast, names, no scrolling sideways."""

from playwright.sync_api import Page


def unreadable(page: Page) -> list[str]:
    """The texts whose contrast to what lies behind them is too low, each with its ratio."""
    found: list[str] = page.evaluate(_CONTRAST)
    return found


def faint(page: Page) -> list[str]:
    """The fields of forms whose edge is too close to what lies behind them."""
    found: list[str] = page.evaluate(_EDGES)
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


# What a colour over others is in the end, how light that is, and what two of them differ by.
_COLOURS = """
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
    const contrast = (over, under) => {
        const [a, b] = [light(painted(over)), light(painted(under))];
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    };
"""

# The texts whose contrast to what lies behind them is below WCAG AA (4.5, large ones 3).
_CONTRAST = (
    "() => {"
    + _COLOURS
    + """
    const found = [];
    for (const each of document.querySelectorAll("body *")) {
        const own = [...each.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        const apart = each.closest("#viewport, :disabled, option, .unseen");
        if (!own || !each.checkVisibility() || apart) continue;
        const behind = [];
        for (let at = each; at; at = at.parentElement) {
            behind.unshift(getComputedStyle(at).backgroundColor);
        }
        const style = getComputedStyle(each);
        const ratio = contrast([...behind, style.color], behind);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) {
            found.push(`${each.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
        }
    }
    return found;
}"""
)

# The fields of a form whose edge can hardly be seen (WCAG 1.4.11: 3).
_EDGES = (
    "() => {"
    + _COLOURS
    + """
    const fields = "input:not([type=hidden], [type=file], [type=range]), select, textarea";
    return [...document.querySelectorAll(fields)].filter(each => {
        if (!each.checkVisibility() || each.closest(".unseen, [readonly]")) return false;
        const behind = [];
        for (let at = each.parentElement; at; at = at.parentElement) {
            behind.unshift(getComputedStyle(at).backgroundColor);
        }
        return contrast([...behind, getComputedStyle(each).borderTopColor], behind) < 3;
    }).map(each => each.id || each.outerHTML.slice(0, 60));
}"""
)


# Controls without a name for a screen reader, images without alt.
_NAMELESS = """() => [...document.querySelectorAll(
    "button, a[href], input:not([type=hidden]), select, textarea, img")].filter(each => {
    if (!each.checkVisibility()) return false;
    if (each.tagName === "IMG") return !each.hasAttribute("alt");
    const label = each.labels?.length ? each.labels[0].textContent : "";
    return !(each.getAttribute("aria-label") || label || each.textContent || each.title).trim();
}).map(each => each.outerHTML.slice(0, 120))"""
