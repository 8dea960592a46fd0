"""Cards for networks that were never trained, to write them as packages."""

from inference.runtime.cards import EventRule, Inputs, ModelCard, OutputSpec

RULE = EventRule("Seizure", 0.5, 0.3, 4.0, 4.0, 2.0)


def untrained_card(name: str, inputs: Inputs, outputs: tuple[OutputSpec, ...]) -> ModelCard:
    has_events = any(output.event_class for output in outputs)
    return ModelCard(
        name=name,
        title=name.title(),
        version="0.0.0",
        inputs=inputs,
        outputs=outputs,
        events=RULE if has_events else None,
        calibration={"method": "none"},
        trained_on="nothing: its weights are random",
        simulated=True,
        metrics={},
    )
