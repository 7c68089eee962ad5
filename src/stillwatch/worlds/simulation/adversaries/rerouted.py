"""Real users' sessions, silently sent through the provider with an injected instruction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.adversaries.accounts import muster
from stillwatch.worlds.simulation.adversaries.adversary import Adversary
from stillwatch.worlds.simulation.adversaries.campaign import elicit, wakes
from stillwatch.worlds.simulation.adversaries.profile import PEOPLES, usual
from stillwatch.worlds.simulation.columns import LANGUAGES

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.adversaries.profile import CampaignProfile
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Rerouted"]


class Rerouted(Adversary):
    """Technique 10: the bodies, languages, hours and conversations are real people's."""

    slug = "rerouted"
    doc = "Rerouted real users with an injected instruction."
    share = 0.9
    intensity = 1.6
    group = 6
    forbidden = ("hours", "minutes", "queue")

    def profile(self, rng: np.random.Generator) -> CampaignProfile:
        """Draw one campaign's profile."""
        words = str(rng.choice(["verbatim", "variants", "reworded"]))
        network = str(rng.choice(["proxy", "cloud", "mixed"]))
        cover = float(rng.uniform(0, 0.5))
        return replace(
            usual(rng), words=words, network=network, cover=cover, pool=0, kinds=PEOPLES, turns=2.5
        )

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send the users' sessions."""
        rng = world.rng
        profile = self.drawn(rng)
        block = muster(world, quota, profile)
        world.enrol(block, quota)
        traffic = world.ordinary(block, world.sessions(block, "person", turns=2.5), PEOPLES)
        talk = traffic.row * (int(traffic.conversation.max(initial=0)) + 1) + traffic.conversation
        _, number = np.unique(talk, return_inverse=True)
        count = int(number.max(initial=-1)) + 1
        injected = rng.random(count)[number] >= profile.cover
        injected &= traffic.time >= wakes(world, block, profile)[traffic.row]
        users = rng.integers(0, 2**31, max(count // 4, 1))
        traffic.subject[:] = rng.choice(users, count)[number]
        if rng.random() < 0.6:
            spoken = np.array([LANGUAGES.index(code) for code in block.language], np.int8)
            traffic.lang[:] = rng.choice(spoken, count)[number]
        traffic.harvest[:] = injected
        traffic.answer[injected] *= profile.answer
        first = int(rng.integers(2**31))
        traffic.wrap_seed[:] = first + np.arange(len(traffic))
        elicit(world, traffic, replace(profile, bare=min(profile.bare, 0.1)), injected)
        world.send(block, traffic)
