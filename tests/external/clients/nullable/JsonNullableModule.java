package org.openapitools.jackson.nullable;

import java.io.IOException;
import java.util.List;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.Deserializers;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanPropertyWriter;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;

/** Reads and writes `JsonNullable`: an absent member is left out, and one that is null is null. */
public final class JsonNullableModule extends SimpleModule {
    public JsonNullableModule() {
        addSerializer(JsonNullable.class, new Writer());
    }

    @Override
    public void setupModule(SetupContext context) {
        super.setupModule(context);
        context.addBeanSerializerModifier(new AbsentIsLeftOut());
        context.addDeserializers(new Readers());
    }

    private static final class Writer extends JsonSerializer<JsonNullable> {
        @Override
        public void serialize(JsonNullable value, JsonGenerator out, SerializerProvider provider) throws IOException {
            provider.defaultSerializeValue(value.get(), out);
        }
    }

    private static final class AbsentIsLeftOut extends BeanSerializerModifier {
        @Override
        public List<BeanPropertyWriter> changeProperties(
            SerializationConfig config, BeanDescription description, List<BeanPropertyWriter> properties
        ) {
            properties.replaceAll(
                property -> property.getType().hasRawClass(JsonNullable.class) ? new Property(property) : property);
            return properties;
        }
    }

    private static final class Property extends BeanPropertyWriter {
        private Property(BeanPropertyWriter property) {
            super(property);
        }

        @Override
        public void serializeAsField(Object bean, JsonGenerator out, SerializerProvider provider) throws Exception {
            if (get(bean) instanceof JsonNullable<?> value && value.isPresent()) {
                super.serializeAsField(bean, out, provider);
            }
        }
    }

    private static final class Readers extends Deserializers.Base {
        @Override
        public JsonDeserializer<?> findBeanDeserializer(
            JavaType type, DeserializationConfig config, BeanDescription description
        ) {
            return type.hasRawClass(JsonNullable.class) ? new Reader(type.containedType(0)) : null;
        }
    }

    private static final class Reader extends JsonDeserializer<JsonNullable<?>> {
        private final JavaType type;

        private Reader(JavaType type) {
            this.type = type;
        }

        @Override
        public JsonNullable<?> deserialize(JsonParser in, DeserializationContext context) throws IOException {
            return JsonNullable.of(context.readValue(in, type));
        }

        @Override
        public JsonNullable<?> getNullValue(DeserializationContext context) {
            return JsonNullable.of(null);
        }
    }
}
