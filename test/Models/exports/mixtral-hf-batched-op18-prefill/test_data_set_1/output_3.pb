Bpast_key_values.layers.1.keysJ0Œ(¿;¤?t¬›?ºÊß¿e-¶¿¸„«?¨Åœ=NU¬¾
L¿Vl?)zh¿‚Ü'?