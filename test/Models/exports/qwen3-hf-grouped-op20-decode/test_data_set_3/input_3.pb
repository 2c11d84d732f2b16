
B%input.past_key_values.layers.0.valuesJPx#¬>¾9¿Öì¾Æ£»=PW?*1¿&eÃ¾@º9?fFÈ>ŒÌ¿*
@K}Ü?Päm?ˆHš?S¾ˆU¿”¨>ŠgZ?aˆÅ>rci?