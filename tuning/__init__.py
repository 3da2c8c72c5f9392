"""What to try next. Knows nothing of images, models or files.

`Float`, `Int`, `Choice`
    frozen search axes that validate themselves; a `Space` maps parameter names to them.
`Trial`, `Outcome`, `Status`
    a setting to try with an effort in (0, 1]; what came back.
strategy
    a generator: yields a batch of trials, is sent their outcomes, yields the next batch, ends. It never runs
    anything, and the same seed and outcomes bring the same proposals, so an interrupted search is
    continued by sending the recorded outcomes again. `STRATEGIES` lists them, `strategy` looks one up.
`first`
    has any strategy start with a portfolio: settings that were good on other data.
`select`
    the setting a search ends with: a finalist that was confirmed, or the base setting.
"""

from tuning.portfolio import candidates, first, greedy
from tuning.space import Axis, Choice, Float, Int, Space
from tuning.strategy import STRATEGIES, Strategy, strategy
from tuning.trial import Outcome, Search, Status, Trial
from tuning.winner import Selection, select

__all__ = [
    "STRATEGIES",
    "Axis",
    "Choice",
    "Float",
    "Int",
    "Outcome",
    "Search",
    "Selection",
    "Space",
    "Status",
    "Strategy",
    "Trial",
    "candidates",
    "first",
    "greedy",
    "select",
    "strategy",
]
