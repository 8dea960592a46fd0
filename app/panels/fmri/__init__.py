"""The parts of the ROI map: cuts through the brain, their colours, and the widgets that show them."""
