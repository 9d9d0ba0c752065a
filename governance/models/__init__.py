"""Who answers for it: AI systems and their controls, the committee, its ballots, and the waivers it grants."""
