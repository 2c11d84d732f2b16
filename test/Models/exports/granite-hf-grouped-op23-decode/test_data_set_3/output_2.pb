B&output.past_key_values.layers.0.valuesJ`ÞE#@«¥@ð÷’¾SW¼?ÒO?¨p(>23×?5i?)¦= UÕ=ÇN??°«Ò>]¨œ?uï¡? |!?åö¾|à°?
ï{¾4£×¿ÉÄ? Í&?Èk£=d¡T¾7èØ?