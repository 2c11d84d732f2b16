Bpast_key_values.layers.0.valuesJ0Hë=ê)’¿^h¿V‰‚¾Ê¨a?ª
ž¿ˆŽÜ½J9Ï?¬i¯?Þ†½‚6€¿Ž@l¿