
B&output.past_key_values.layers.0.valuesJ x#¬>¾9¿Öì¾Æ£»=PW?*1¿&eÃ¾@º9?fFÈ>ŒÌ¿¢¿h«•¿ƒW]¿§¿ˆ1$½>?éð¿Ržê¿Af‚?ð"Ò½*
@K}Ü?Päm?ˆHš?S¾ˆU¿”¨>ŠgZ?aˆÅ>rci?®>ŸŠ?
!$¿óPò¾¿>®?AP¡¿¦Í„¿L(>ÙO?