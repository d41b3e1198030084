// Draws one chart.
