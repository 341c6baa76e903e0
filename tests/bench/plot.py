# SPDX-License-Identifier: MIT
"""Cost against size as an SVG: a panel for each kind of thing, both axes logarithmic, and what linear growth would be."""
import math

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 230, 52, 34, 40
COLOURS = {"pdump": "#c0392b", "pause": "#e59866", "prestore": "#2471a3"}


class Panel:
    def __init__(self, column, title, points):
        """points: program -> [(size, milliseconds)]."""
        self.x0 = column * WIDTH + LEFT
        self.title, self.points = title, points
        sizes = [size for series in points.values() for size, _ in series]
        costs = [cost for series in points.values() for _, cost in series]
        self.sizes = (math.log10(min(sizes)), math.log10(max(sizes)))
        self.costs = (math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))))

    def x(self, size):
        low, high = self.sizes
        return self.x0 + (math.log10(size) - low) / (high - low or 1) * (WIDTH - LEFT - 14)

    def y(self, cost):
        low, high = self.costs
        return HEIGHT - BOTTOM - (math.log10(cost) - low) / (high - low or 1) * (HEIGHT - TOP - BOTTOM)

    def axes(self):
        right = self.x0 + WIDTH - LEFT - 14
        yield f'<text x="{self.x0}" y="{TOP - 14}" font-weight="bold">{self.title}</text>'
        for power in range(self.costs[0], self.costs[1] + 1):
            y = self.y(10 ** power)
            yield f'<line x1="{self.x0}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>'
            yield f'<text x="{self.x0 - 5}" y="{y + 4:.1f}" text-anchor="end">{10 ** power:g} ms</text>'
        for size in sorted({size for series in self.points.values() for size, _ in series}):
            yield (f'<text x="{self.x(size):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle" font-size="9">'
                   f'{size}</text>')

    def series(self):
        for program, series in self.points.items():
            series = sorted(series)
            line = " ".join(f"{self.x(s):.1f},{self.y(c):.1f}" for s, c in series)
            yield f'<polyline points="{line}" fill="none" stroke="{COLOURS[program]}" stroke-width="2"/>'
            for size, cost in series:
                yield f'<circle cx="{self.x(size):.1f}" cy="{self.y(cost):.1f}" r="2.5" fill="{COLOURS[program]}"/>'

    def linear(self):
        """From the largest one back: the least that whatever is linear at last can cost."""
        low, high = 10 ** self.sizes[0], 10 ** self.sizes[1]
        cost = max(self.points.get("pdump") or next(iter(self.points.values())))[1]
        floor = 10 ** self.costs[0]
        start = max(low, high * floor / cost)
        yield (f'<line x1="{self.x(start):.1f}" y1="{self.y(cost * start / high):.1f}" x2="{self.x(high):.1f}" '
               f'y2="{self.y(cost):.1f}" stroke="#999" stroke-dasharray="4 3"/>')

    def draw(self):
        return [*self.axes(), *self.linear(), *self.series()]


def svg(panels, note):
    """panels: [(title, {program: [(size, milliseconds)]})]; of what has one size only nothing is drawn."""
    panels = [(title, points) for title, points in panels
              if points and max(len(series) for series in points.values()) > 1]
    drawn = [line for column, (title, points) in enumerate(panels) for line in Panel(column, title, points).draw()]
    width = max(len(panels), 1) * WIDTH
    legend = "".join(f'<tspan fill="{colour}">  {program} </tspan>' for program, colour in COLOURS.items())
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT + 40}" font-family="sans-serif" '
        'font-size="11">', f'<rect width="{width}" height="{HEIGHT + 40}" fill="white"/>', *drawn,
        f'<text x="{LEFT}" y="{HEIGHT + 12}">milliseconds against size:{legend}'
        '<tspan fill="#999">  dashed: linear</tspan></text>',
        f'<text x="{LEFT}" y="{HEIGHT + 28}" font-size="9" fill="#666">{note}</text>', "</svg>", ""])
