
Bpast_key_values.layers.1.keysJP‹˜Å?¡∏|øE4?0`>Pî?ôπ¢øqwΩ6+>k%‹øk˙øàúå>,h>¨\ø°¬õ>4Hƒ?Ç•=RŸ≈>\cøç:"ºü3 ?