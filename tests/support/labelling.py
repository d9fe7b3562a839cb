"""Labelling configurations, as a person writes them into a project of Label Studio."""

from xml.sax.saxutils import quoteattr

from darkroom_labels.label_studio import ControlKind, LabelControl


def build_labelling(control: LabelControl) -> str:
    """Return the labelling configuration with this control."""
    name = {ControlKind.BOXES: ("RectangleLabels", "Label"), ControlKind.CHOICES: ("Choices", "Choice")}[control.kind]
    choice = "" if control.kind is ControlKind.BOXES else f' choice="{"multiple" if control.is_multiple else "single"}"'
    lines = [
        "<View>",
        f"  <Image name={quoteattr(control.to_name)} value={quoteattr('$' + control.data_key)}/>",
        f"  <{name[0]} name={quoteattr(control.from_name)} toName={quoteattr(control.to_name)}{choice}>",
        *(f"    <{name[1]} value={quoteattr(tag)}/>" for tag in control.tags),
        f"  </{name[0]}>",
        "</View>",
    ]
    return "\n".join(lines) + "\n"
