
Bpast_key_values.layers.0.valuesJP¢¿h«•¿ƒW]¿§¿ˆ1$½>?éð¿Ržê¿Af‚?ð"Ò½®>ŸŠ?
!$¿óPò¾¿>®?AP¡¿¦Í„¿L(>ÙO?