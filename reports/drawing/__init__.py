"""How figures and numbers look: style, SVG, number formats."""
